if __name__ == "__main__":
    # Imported here alone: a child process imports this module too, and needs none of it.
    from minutier.shared.service import start
    from minutier.transcription.app import build

    start(build)
