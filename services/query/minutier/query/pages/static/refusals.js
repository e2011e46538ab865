// What the API refuses, in the page's words: what it says itself is for those who write programs.

/** By the refusal's `reason`, and by status for those that have none or another; `_` translates. */
export const refusals = (_) => ({
  reasons: {
    unknown_segment: _("This passage is no longer there. Load the page again."),
    unknown_words: _("These words are no longer there. Load the page again."),
    unknown_speaker: _("This speaker is no longer there. Load the page again."),
    same_speaker: _("These are the same speaker already."),
    unknown_edit: _("This edit is no longer there. Load the page again."),
    undone_already: _("This edit is undone already."),
    too_many: _("This meeting has as many edits as one may have."),
    nothing_runs: _("Nothing is being done for this meeting any more."),
    under_way: _("This meeting is being worked on. Wait until that is done, or stop it."),
    no_transcript: _("There is no transcript that minutes could be made of."),
    only_a_text: _("This is a text that was handed in: only its minutes can be made again."),
    not_taken_in: _("Nothing of this meeting was taken in. It has to be sent again."),
    diarization_missing: _("Voices have not been told apart yet: do that again instead."),
    transcription_missing: _("The words have not been written down yet: do that again instead."),
    media_unknown: _("Where the recording lies is not known any more. It has to be sent again."),
    media_deleted: _("The recording was deleted, so nothing can be made of it again."),
    transcript_deleted: _("The transcript was deleted, so no minutes can be made of it."),
    too_often: _("This meeting was done again as often as it may be. It has to be sent again."),
  },
  statuses: {
    401: _("Your session has ended. Sign in again."),
    403: _("You may not do this."),
    404: _("This is no longer there, or no longer shared with you. Load the page again."),
    409: _("This cannot be done as things are. Load the page again."),
    412: _("Somebody has changed the transcript since you loaded it. It is loaded again: look, and try once more."),
    413: _("That is too much at once. Write less."),
    422: _("The server cannot take what was written. Look at it, and try again."),
    429: _("That was a lot in a short time. Wait a moment and try again."),
    503: _("Something that is needed does not answer. Try again in a moment."),
  },
  otherwise: _("The server could not do this. Try again."),
});
