"""Helpers that know nothing of named entities: files written in one step, ragged arrays, hashes, threads, versions."""
