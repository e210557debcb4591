//! The scrubber: the only way from a record to anything that is stored, logged or shown.

/// Text with no secret left in it. Only the scrubber makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrubbedText(String);

impl ScrubbedText {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A record with no secret left in it.
#[derive(Debug)]
pub struct Scrubbed<'a>(pub(crate) crate::record::Record<'a>);

impl<'a> Scrubbed<'a> {
    /// The record.
    pub(crate) fn into_record(self) -> crate::record::Record<'a> {
        self.0
    }
}
