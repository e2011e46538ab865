"""Everything that crosses a service boundary, and nothing else."""
