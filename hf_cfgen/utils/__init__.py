"""Helpers that are independent of named entities: atomic files, arrays of lists, hashes, threads, versions."""
