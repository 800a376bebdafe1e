# The image of all functions and of the job. What it holds is made by image/build.sh, which the tests
# run too, since Docker does not run everywhere.

# The Python that the tests run on. No digest stands here: one that is written down lacks the fixes of
# tomorrow. cloudbuild.yaml looks up today's, gives it by digest, and the image says which it was.
ARG PYTHON_IMAGE=python:3.11-slim-bookworm

FROM ${PYTHON_IMAGE} AS build
# Debian removes the versions that it has replaced, so none is pinned.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY requirements-cloud.lock requirements-dev.lock pyproject.toml setup.py README.md LICENSE ./
COPY image image
COPY functions functions
COPY src src
RUN image/build.sh /opt/headrace

FROM ${PYTHON_IMAGE}
ARG PYTHON_IMAGE
LABEL org.opencontainers.image.title="Headrace" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.base.name="${PYTHON_IMAGE}"
# Python's own library has no bytecode in this image, and nobody installs anything in it.
COPY image/compile.sh /usr/local/bin/compile
RUN python -m pip uninstall --yes --quiet --root-user-action ignore pip setuptools wheel \
    && compile python "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && useradd --system --no-create-home --uid 10001 headrace
COPY --from=build /opt/headrace /opt/headrace
# Nothing is written into the image; what is logged is seen at once.
ENV PATH=/opt/headrace/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
WORKDIR /opt/headrace
USER 10001
# The job has another command: terraform/job.tf.
CMD ["serve"]
