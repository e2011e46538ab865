from minutier.summarisation.app import build

build().run()
