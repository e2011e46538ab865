if __name__ == "__main__":
    # Imported here alone: a child process imports this module too, and needs none of it.
    from minutier.diarization.app import build
    from minutier.shared.service import start

    start(build)
