"""Helpers that know nothing about named entities: atomic files, arrays of lists, hashes, threads, versions."""
