//! Text that is JSON, read by `serde_json`.

use serde_json::Error;

/// Reads `text`, which must be one value from end to end.
pub(super) fn parse<'de, T>(
    text: &'de str,
    read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'de>>) -> Result<T, Error>,
) -> Result<T, Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    let value = read(&mut json)?;
    json.end()?;
    Ok(value)
}
