//! The reference of all settings, `docs/options.md`, made from the table.

use std::fmt::Write as _;

use super::table::TABLE;

const HEAD: &str = "\
# Options

This file is made from the program's own table: `UPDATE=1 cargo test --bin trunkline reference`
writes it, and a test compares it with the table.

Each setting has a flag, an environment variable and a key in a TOML file. A flag wins over the
environment, the environment over the file, the file over the default. The file is named by
`--config FILE` or `TRUNKLINE_CONFIG`. An empty variable counts as unset. A key, a flag or a value
that is not understood ends the program with one line and exit code 2.

An unknown variable is only warned of, as the environment is shared with others: every one that
begins with `TRUNKLINE_`, and one that begins with `AI_` if it is nearly one of those below
(`AI_MODLE`). Other names, such as `PROT` or `GEMINI_APIKEY`, are not looked at.

```toml
port = 8080
origin = [\"https://app.example\"]

[ai]
provider = \"gemini\"
api_key_file = \"/run/secrets/gemini\"

[engine]
ping_interval = \"20s\"
max_payload = \"2MB\"
```

- A **duration** needs its unit: `25s`, `500ms`, `1m 30s`. (`ai.timeout_ms` is a plain number of
  milliseconds.)
- A **size** is a number of bytes, or has a unit: `1MB` is 1,000,000 bytes, `1MiB` 1,048,576.
- A **list** is an array in the file; elsewhere its items are separated by commas, and a flag may be
  repeated.
- A **switch** is `true` or `false`; a flag without a value means `true`: `--ai-stream=false`,
  `--cookie-secure`.

`trunkline --check` with the same flags and variables reads and checks everything, prints the
configuration in effect as such a file, with the source of each value, and ends. It opens no port
and asks nobody.

The provider's **key** has neither a flag nor a key in the file. It is read from the file that
`ai.api_key_file` names, from `AI_API_KEY`, or else from the provider's own variable:
`GOOGLE_API_KEY` or `GEMINI_API_KEY`, `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`. Unless `ai.provider` is
set, the provider is `openai` if `ai.base_url` is set, whatever keys there are, and of these only
`AI_API_KEY` is sent there; else the one whose variable is set; else `offline`.

Flags that are no settings: `--config FILE`, `--check`, `--help`, `--help-all`, `--version`, and
`--test-hooks`, which lets the offline provider obey the orders `/fail CODE`, `/slow MS` and `/long N`
([ai.md](ai.md#trying-failures)). It is for trying out clients, and in no help.
";

/// The reference, as Markdown.
pub(super) fn markdown() -> String {
    let mut text = HEAD.to_owned();
    let mut heading = "";
    for setting in TABLE.iter() {
        if setting.heading != heading {
            heading = setting.heading;
            let rule = "|---|---|---|---|---|";
            let columns = "| Key | Flag, variable | Value | Default | Meaning |";
            // Writing to a string cannot fail, here and below.
            let _ = write!(text, "\n## {heading}\n\n{columns}\n{rule}\n");
        }
        let default = match setting.default {
            None => "not set".to_owned(),
            Some("") => "none".to_owned(),
            Some(default) => format!("`{default}`"),
        };
        let _ = writeln!(
            text,
            "| `{}` | `--{}`<br>`{}` | {} | {default} | {} |",
            setting.key,
            setting.flag,
            setting.variable,
            setting.kind.expected(),
            setting.help.replace('*', "`*`"),
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_says_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/options.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let kept = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            kept.replace("\r\n", "\n") == markdown(),
            "docs/options.md is out of date: UPDATE=1 cargo test --bin trunkline reference"
        );
    }
}
