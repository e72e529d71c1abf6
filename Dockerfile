# Two images from one file (docs/deployment.md):
#   service    answers about a bundle over HTTP; no TensorFlow, no training code
#   training   cuts scans, fits bundles, measures them
# Each gets its packages from a hashed lock file, in a stage that leaves no tools behind.

FROM python:3.11-slim-bookworm AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /tmp tilescreen \
    && install --directory --owner tilescreen --group tilescreen /bundles /decisions
WORKDIR /app
# Python answers SIGINT from its first instruction on, also as process 1, where an unhandled
# SIGTERM does nothing; the service drains, and a fit keeps what it has for --resume.
STOPSIGNAL SIGINT

FROM base AS service-packages
COPY requirements/service.txt requirements/openvino.txt ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --requirement service.txt \
    && pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --no-deps --requirement openvino.txt \
    && find /opt/venv -path '*/openvino/libs/*' -regextype posix-extended -regex '.*_(gpu|npu|auto|auto_batch|hetero)_plugin.*|.*_(gguf|jax|paddle|pytorch|tensorflow|tensorflow_lite)_frontend.*|.*/cache.json' -delete \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} +

FROM base AS training-packages
COPY requirements/training.txt requirements/openvino.txt ./
RUN python -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --requirement training.txt \
    && pip --python /opt/venv/bin/python install --no-cache-dir --only-binary :all: --require-hashes --no-deps --requirement openvino.txt \
    && find /opt/venv -type d -name tests -prune -exec rm -r {} +

FROM base AS training
ENV TF_CPP_MIN_LOG_LEVEL=3
COPY --from=training-packages /opt/venv /opt/venv
COPY bundle bundle
COPY training training
USER 10001:10001
ENTRYPOINT ["python", "-m", "training"]
CMD ["--help"]

# Last, so that a build without --target makes this one.
FROM base AS service
ENV TILESCREEN_HOST=0.0.0.0 \
    TILESCREEN_PORT=8000 \
    TILESCREEN_BUNDLES=/bundles \
    TILESCREEN_DECISIONS=/decisions
COPY --from=service-packages /opt/venv /opt/venv
COPY bundle bundle
COPY service service
# The base image has no bytecode of Python's own library: what is imported is compiled here,
# once, as a container that cannot write would do it at every start.
RUN PYTHONDONTWRITEBYTECODE='' python -c 'import service.__main__, service.workers.server'
USER 10001:10001
EXPOSE 8000
# /readyz encodes a probe tile, so a healthy container is one that answers rightly.
# Asked directly: an http_proxy of the container's environment knows nothing of its loopback.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.build_opener(r.ProxyHandler({})).open('http://127.0.0.1:' + os.environ['TILESCREEN_PORT'] + '/readyz', timeout=8)"]
ENTRYPOINT ["python", "-m", "service"]
