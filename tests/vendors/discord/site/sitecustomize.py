"""Points the discord.py of a process at the stand-in of Discord whose address it is given."""  # noqa: INP001

import os

if address := os.environ.get("DISCORD_STAND_IN"):
    import discord.gateway
    import discord.http
    import yarl

    discord.http.Route.BASE = f"{address}/api/v10"
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(
        address.replace("http", "ws", 1) + "/gateway"
    )
