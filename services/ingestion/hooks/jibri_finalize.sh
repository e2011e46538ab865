#!/bin/sh
# Sends a finished recording to Minutier. Jibri runs it with the recording's folder, as jibri.conf says:
#   jibri { recording { finalize-script = "/usr/local/bin/minutier_finalize.sh" } }
# It wants /etc/jitsi/jibri/minutier.conf, which only root and the user jibri can read:
#   url = "https://minutier.example.org/webhooks/jibri"
#   header = "Authorization: Bearer KEY"
# A recording that could not be sent is sent again by running this on its folder; twice is no harm.
config=${MINUTIER_CONFIG:-/etc/jitsi/jibri/minutier.conf}
folder=${1%/}
session=${folder##*/}

set -- --form-string "session=$session"
[ -f "$folder/metadata.json" ] && set -- "$@" --form "metadata=@\"$folder/metadata.json\""
film=
for file in "$folder"/*.mp4; do
    [ -f "$file" ] && film=yes && set -- "$@" --form "recording=@\"$file\""
done
[ "$film" ] || { echo "minutier: $session has no recording, so nothing is sent" >&2; exit 0; }

curl --silent --show-error --fail-with-body --connect-timeout 30 --max-time 3600 \
    --retry 5 --retry-all-errors --retry-max-time 900 --config "$config" "$@" || {
    status=$?
    echo "minutier: $session was not sent" >&2
    exit "$status"
}
