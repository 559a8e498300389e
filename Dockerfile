# Seamgrid in a container: built with everything in it, run by nobody in particular.
#
#   docker build --tag seamgrid .
#   docker run --publish 8080:8080 --volume seamgrid:/var/lib/seamgrid --volume $PWD/config:/etc/seamgrid:ro seamgrid

FROM rust:1-slim-trixie AS build
# Packages are the newest of the release, with its mended holes, so their versions are not written down.
# Node for wasm-opt, which makes the browser's half a third smaller; a C compiler for SQLite and ring.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends gcc libc6-dev git nodejs npm \
 && rm -rf /var/lib/apt/lists/* \
 && rustup target add wasm32-unknown-unknown
WORKDIR /src
COPY . .
RUN cargo xtask build --release

FROM debian:trixie-slim
# The roots of trust for buckets over HTTPS, and git for the histories of the repositories.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /var/lib/seamgrid --create-home seamgrid
COPY --from=build /src/target/release/seamgrid /usr/local/bin/seamgrid
USER 10001:10001
WORKDIR /var/lib/seamgrid
ENV SEAMGRID_CONFIG=/etc/seamgrid/seamgrid.yaml \
    SEAMGRID_DATABASE=sqlite:///var/lib/seamgrid/seamgrid.db \
    SEAMGRID_LISTEN=0.0.0.0:8080 \
    SEAMGRID_METRICS_LISTEN=0.0.0.0:9090 \
    SEAMGRID_LOG_FORMAT=json
VOLUME /var/lib/seamgrid
EXPOSE 8080 9090
ENTRYPOINT ["/usr/local/bin/seamgrid"]
CMD ["serve"]
