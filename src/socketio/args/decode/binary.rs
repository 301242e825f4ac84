//! Arguments around attachments, read one by one from behind the event's name.
//!
//! Their text was checked when the packet came, so that what nobody asks for need not be read.

use serde::de::Deserialize;
use serde_json::Error;

use super::List;
use super::reader::Reader;
use crate::socketio::args::Args;
use crate::socketio::placeholders::Content;

/// The array of arguments, entered.
pub(super) struct BinaryList<'de> {
    reader: Reader<'de>,
    /// Where the array ends.
    end: usize,
}

impl<'de> BinaryList<'de> {
    /// The arguments, if an attachment belongs somewhere among them.
    pub(super) fn new(args: &'de Args) -> Option<BinaryList<'de>> {
        let array = args.spans().first()?;
        (array.content == Content::Array).then(|| BinaryList {
            reader: Reader::behind(args, args.start),
            end: array.end,
        })
    }
}

impl<'de> List<'de> for BinaryList<'de> {
    type Error = Error;

    fn next<T: Deserialize<'de>>(&mut self) -> Result<Option<T>, Error> {
        if self.reader.is_done(self.end) {
            return Ok(None);
        }
        T::deserialize(&mut self.reader).map(Some)
    }
}
