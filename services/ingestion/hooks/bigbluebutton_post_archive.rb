#!/bin/sh
# Sends a recorded meeting to Minutier. BigBlueButton runs every script in post_archive as `ruby SCRIPT -m ID`,
# and ruby hands this one to the shell: see its end. It is put there as minutier.rb, and wants
# /etc/bigbluebutton/minutier.conf, which only root and the user bigbluebutton can read:
#   url = "https://minutier.example.org/webhooks/bigbluebutton"
#   header = "Authorization: Bearer KEY"
# A meeting that could not be sent is sent again by `ruby minutier.rb -m ID`; twice is no harm.
config=${MINUTIER_CONFIG:-/etc/bigbluebutton/minutier.conf}
archive=${MINUTIER_ARCHIVE:-/var/bigbluebutton/recording/raw}

meeting=
while getopts m:f: option; do
    [ "$option" = m ] && meeting=$OPTARG
done
case $meeting in
'' | *[!A-Za-z0-9_-]*) echo "minutier: no meeting id given with -m" >&2; exit 0 ;;
esac

set -- --form-string "meeting_id=$meeting" --form "events=@\"$archive/$meeting/events.xml\""
sound=
for file in "$archive/$meeting/audio"/*; do
    [ -f "$file" ] && sound=yes && set -- "$@" --form "audio=@\"$file\""
done
[ "$sound" ] || { echo "minutier: $meeting has no audio, so nothing is sent"; exit 0; }

curl --silent --show-error --fail-with-body --connect-timeout 30 --max-time 3600 \
    --retry 5 --retry-all-errors --retry-max-time 900 --config "$config" "$@" 2>&1 || echo "minutier: $meeting was not sent"
# Whatever became of it, BigBlueButton goes on.
exit 0
#!ruby
exec "/bin/sh", __FILE__, *ARGV
