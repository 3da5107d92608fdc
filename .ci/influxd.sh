#!/usr/bin/env bash
# Builds InfluxDB 2.7 (influxd, without its web UI) once, from the Go module proxy, for the tests that want a real one:
# five minutes on two cores, 93 MB, kept in the user's cache where tests/servers/influxd.py looks for it.
#   bash .ci/influxd.sh        says where it is, builds it if it is not there; exit code 3 if this machine cannot
# Needs Go, Rust (rustup), clang, pkg-config, protoc. Debian: apt-get install clang pkg-config protobuf-compiler
set -euo pipefail
version=v2.7.12
home=${XDG_CACHE_HOME:-$HOME/.cache}/replay-users/influxd-${version#v}
binary=$home/influxd

if [[ -x $binary ]]; then
  echo "$binary is there"
  exit 0
fi
missing=()
for program in go cargo rustup clang pkg-config protoc; do
  command -v "$program" >/dev/null || missing+=("$program")
done
if ((${#missing[@]})); then
  echo "influxd $version is not built, and the tests that want it are skipped: this machine has no ${missing[*]}"
  exit 3
fi

work=$(mktemp -d)
# Go keeps its modules read-only, and 3 GB of them for this alone are not worth keeping.
trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
export GOPATH=$work/go GOCACHE=$work/cache GOBIN=$work/bin GOTOOLCHAIN=local GOFLAGS=-modcacherw
mkdir -p "$GOBIN" "$work/influxd" "$home"
cd "$work/influxd"
# influxdb's go.mod has a replace line, so that `go install` of it is refused: a module that repeats the line is not.
cat >go.mod <<EOT
module influxd
go 1.23.0
require github.com/influxdata/influxdb/v2 $version
replace github.com/nats-io/nats-streaming-server v0.11.2 => github.com/influxdata/nats-streaming-server v0.11.3-0.20201112040610-c277f7560803
EOT
# A part of it, flux, is Rust that names an older compiler and takes warnings of a newer one for errors. RUSTFLAGS do not reach
# build scripts where cargo is called with --target, as here; a wrapper of the compiler does.
printf '#!/bin/sh\nexec "$@" --cap-lints allow\n' >"$GOBIN/rustc-lax"
chmod +x "$GOBIN/rustc-lax"
RUSTUP_TOOLCHAIN=$(rustup toolchain list | head -n 1 | cut -d ' ' -f 1)
export RUSTUP_TOOLCHAIN RUSTC_WRAPPER=$GOBIN/rustc-lax
export CARGO_HOME=${CARGO_HOME:-$HOME/.cargo} PATH=$GOBIN:$PATH
go install github.com/influxdata/pkg-config@v0.2.7
go build -mod=mod -buildvcs=false -trimpath -ldflags="-s -w -X main.version=$version" \
  -o "$home/.influxd" github.com/influxdata/influxdb/v2/cmd/influxd
mv "$home/.influxd" "$binary"
"$binary" version
