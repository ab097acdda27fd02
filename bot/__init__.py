"""The process: command line, settings, client, adapters, errors, playground."""
