# Stage 1: the libraries, by hash, without development tools.
FROM python:3.13-slim AS libraries
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
COPY requirements-production.lock ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-deps --require-hashes --requirement requirements-production.lock

# Stage 2: the desk.
FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /app desk && install --directory --owner desk /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=backoffice.settings.production \
    BACKOFFICE_DATA_DIR=/data
WORKDIR /app
COPY --from=libraries /venv /venv
COPY . .
# Collecting static files reads the settings and connects to nothing: the values only have to be there.
RUN python -m compileall -q -j 0 /app \
    && SECRET_KEY=build ALLOWED_HOSTS=build DATABASE_URL=postgresql:///build REDIS_URL=redis://build \
       EMAIL_URL=smtp://build DEFAULT_FROM_EMAIL=build@example.com \
       python manage.py collectstatic --no-input --verbosity 0
USER desk
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["gunicorn", "--config", "python:backoffice.gunicorn_conf", "backoffice.wsgi"]
