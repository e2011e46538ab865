if __name__ == "__main__":
    # Imported here alone: a child process imports this module too, and needs none of it.
    from minutier.transcription.app import build

    build().run()
