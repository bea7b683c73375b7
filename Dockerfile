# The operator's image. Both stages need Python 3.11 or later at the same path; the build stage needs pip too.
#
#   docker build -t probetuner .
#
# Without a package index: --build-arg PIP_NO_INDEX=1 --build-arg PIP_FIND_LINKS=DIR, where DIR is mounted into
# the build and holds the wheels of requirements.lock and requirements-build.lock.
ARG BASE_IMAGE=python:3.13-slim
ARG BUILD_IMAGE=${BASE_IMAGE}

FROM ${BUILD_IMAGE} AS build
ARG PIP_NO_INDEX
ARG PIP_FIND_LINKS
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_COMPILE=1
WORKDIR /build

# The root file system is read-only at run time. Compiled code that is found by the hash of its source stays valid
# whatever a build tool does to the times of files, and saves seconds at every start.
ENV COMPILE="/opt/probetuner/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash"

COPY requirements.lock requirements-build.lock ./
RUN python3 -m venv --without-pip /opt/probetuner \
    && python3 -m venv --without-pip /opt/tools \
    && python3 -m pip --python /opt/probetuner/bin/python install --require-hashes -r requirements.lock \
    && python3 -m pip --python /opt/tools/bin/python install --require-hashes -r requirements-build.lock \
    # The client's asynchronous twin is half of its size, and nothing of ours imports it.
    && rm -rf /opt/probetuner/lib/python3.*/site-packages/kubernetes/aio \
    && $COMPILE /opt/probetuner/lib

COPY pyproject.toml README.md LICENSE ./
COPY operator operator
RUN python3 -m pip --python /opt/tools/bin/python wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && python3 -m pip --python /opt/probetuner/bin/python install --no-deps --no-index dist/*.whl \
    && $COMPILE /opt/probetuner/lib/python3.*/site-packages/probetuner

FROM ${BASE_IMAGE}
COPY --from=build /opt/probetuner /opt/probetuner
# kopf asks for the name of its user, and /etc/passwd has none for the number that the pod runs as.
ENV PATH=/opt/probetuner/bin:$PATH PYTHONSAFEPATH=1 PYTHONDONTWRITEBYTECODE=1 USER=probetuner
# The release adds its version, revision and base (docs/release.md).
LABEL org.opencontainers.image.title="probetuner" \
      org.opencontainers.image.description="A Kubernetes operator that observes what probes cause, recommends better ones, applies and verifies them." \
      org.opencontainers.image.licenses="Apache-2.0"
USER 65532:65532
ENTRYPOINT ["probetuner"]
CMD ["run"]
