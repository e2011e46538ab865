from minutier.attribution.app import build
from minutier.shared.service import start

if __name__ == "__main__":
    start(build)
