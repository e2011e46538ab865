from minutier.attribution.app import build

build().run()
