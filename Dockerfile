# SynthWire with everything in the lock: the workflow, training, the tool and its web app.
#
#   docker build --tag synthwire .
#   docker run --rm --volume "$PWD:/data" synthwire segment /data/wires.tif --out /data/results
#   docker run --rm --volume "$PWD/results:/synthwire/results" --entrypoint make synthwire demo
#
# Where no root is to be had: apptainer build synthwire.sif docker-daemon://synthwire:latest
#
# It installs as `make install` does, from envs/lock.txt with its hashes. It was written where no image
# could be pulled, and has not been built yet; to measure images alone `pip install synthwire` is less.
FROM python:3.11-slim-bookworm
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git make \
    && rm --recursive /var/lib/apt/lists/*
WORKDIR /synthwire
COPY . .
RUN make install && .venv/bin/synthwire --version
# caches where users without a home can write them
ENV PATH="/synthwire/.venv/bin:$PATH" NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib
ENTRYPOINT ["synthwire"]
CMD ["--help"]
