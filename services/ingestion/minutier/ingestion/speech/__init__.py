"""What is asked for with a file and waited for: OpenAI's speech-to-text API."""
