"""What is asked for with a job: La Suite Meet's summary API."""
