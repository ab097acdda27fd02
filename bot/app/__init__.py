"""The process: wiring of services, settings, and what runs beside the bot."""
