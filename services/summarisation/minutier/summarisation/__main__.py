from minutier.shared.service import start
from minutier.summarisation.app import build

if __name__ == "__main__":
    start(build)
