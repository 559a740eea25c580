#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Finds what the tests drive, and installs it where that is possible:
# a Chromium for the stories, npm for HL7's examples and axe-core, SoftHSM2 for root
# keys, poppler to read what is printed.
set -eu
bin=$1

has() { command -v "$1" >/dev/null 2>&1; }

install() {
  if has apt-get && [ "$(id -u)" = 0 ]; then
    echo "Installing $*"
    apt-get install -y -qq "$@" >/dev/null 2>&1 && return 0
    apt-get update -qq && apt-get install -y -qq "$@" >/dev/null
  else
    return 1
  fi
}

if [ -z "${WARDKEEP_CHROMIUM:-}" ] && ! has chromium-headless-shell && ! has chromium \
  && ! has chromium-browser && ! has google-chrome; then
  install chromium-headless-shell fonts-liberation || install chromium fonts-liberation \
    || "$bin/playwright" install chromium
fi
if ! has npm; then
  install npm || { echo "The tests need npm (for HL7's examples and axe-core). Install it and run make test again."; exit 1; }
fi
if ! has pdftotext; then
  install poppler-utils || { echo "The tests need pdftotext (to read what is printed). Install poppler-utils and run make test again."; exit 1; }
fi
if ! has softhsm2-util; then
  install softhsm2 || { echo "The tests need SoftHSM2 (a PKCS#11 token). Install it and run make test again."; exit 1; }
fi
