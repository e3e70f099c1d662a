//! Reading server-sent events: just what the admin API sends.

/// Largest event taken; a book of a thousand levels is far below.
const MAX_BYTES: usize = 4 << 20;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name; `message` when it has none.
    pub name: String,
    /// Its data, lines joined.
    pub data: String,
}

/// Bytes in, events out.
#[derive(Default)]
pub struct Parser {
    pending: Vec<u8>,
    name: String,
    data: String,
}

/// The upstream sends something that is no event stream of ours.
#[derive(Debug, thiserror::Error)]
#[error("an event larger than {MAX_BYTES} bytes")]
pub struct TooLarge;

impl Parser {
    /// Takes in a chunk; the events completed by it.
    ///
    /// # Errors
    /// When an event grows past every bound.
    pub fn feed(&mut self, chunk: &[u8]) -> Result<Vec<Event>, TooLarge> {
        self.pending.extend_from_slice(chunk);
        let mut events = Vec::new();
        let mut start = 0;
        while let Some(length) = self.pending[start..].iter().position(|b| *b == b'\n') {
            let line = self.pending[start..start + length].to_vec();
            start += length + 1;
            events.extend(self.line(String::from_utf8_lossy(&line).trim_end_matches('\r')));
        }
        self.pending.drain(..start);
        if self.pending.len() + self.data.len() > MAX_BYTES {
            return Err(TooLarge);
        }
        Ok(events)
    }

    fn line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let (name, mut data) = (std::mem::take(&mut self.name), std::mem::take(&mut self.data));
            data.pop();
            let name = if name.is_empty() { "message".into() } else { name };
            return (!data.is_empty()).then_some(Event { name, data });
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => self.name = value.to_owned(),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_found_however_they_are_cut() {
        let text =
            ": hello\nevent: book\ndata: {\"a\":1}\n\ndata: x\r\ndata: 値\r\n\r\nevent: none\n\n";
        let want = [
            Event { name: "book".into(), data: "{\"a\":1}".into() },
            Event { name: "message".into(), data: "x\n値".into() },
        ];
        for size in 1..text.len() {
            let mut parser = Parser::default();
            let got: Vec<Event> = text
                .as_bytes()
                .chunks(size)
                .flat_map(|chunk| parser.feed(chunk).unwrap())
                .collect();
            assert_eq!(got, want, "in chunks of {size}");
        }
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::default();
        assert!(parser.feed(&vec![b'x'; MAX_BYTES + 1]).is_err());
    }
}
