"""The process: command line, settings, client, stage, errors, playground."""
