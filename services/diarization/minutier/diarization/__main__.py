if __name__ == "__main__":
    # Imported here alone: the child process imports this module too, and needs none of it.
    from minutier.diarization.app import build

    build().run()
