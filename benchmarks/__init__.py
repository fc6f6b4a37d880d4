"""Measurements beside what others offer; not part of the package."""
