//! What kinds of requests a run sends, and in which shares.

use rand::Rng;

/// One kind of request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A limit order that mostly rests.
    Place,
    /// A smaller quantity for a resting order.
    Amend,
    /// A cancel of a resting order.
    Cancel,
    /// An immediate-or-cancel order that mostly trades.
    Ioc,
}

impl Kind {
    const ALL: [Kind; 4] = [Kind::Place, Kind::Amend, Kind::Cancel, Kind::Ioc];

    /// Name on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Place => "place",
            Kind::Amend => "amend",
            Kind::Cancel => "cancel",
            Kind::Ioc => "ioc",
        }
    }
}

/// Shares of the kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mix {
    shares: [u32; 4],
}

impl Mix {
    /// A kind, drawn by its share.
    pub fn draw(&self, random: &mut impl Rng) -> Kind {
        let mut at = random.random_range(0..self.shares.iter().sum::<u32>());
        for (kind, share) in Kind::ALL.into_iter().zip(self.shares) {
            if at < share {
                return kind;
            }
            at -= share;
        }
        Kind::Place
    }
}

impl std::str::FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Mix, String> {
        let mut shares = [0u32; 4];
        for part in text.split(',') {
            let (name, share) = part
                .split_once('=')
                .ok_or_else(|| format!("{part:?} is not KIND=SHARE, such as place=60"))?;
            let place = Kind::ALL
                .iter()
                .position(|kind| kind.name() == name)
                .ok_or_else(|| format!("{name:?} is not one of place, amend, cancel, ioc"))?;
            shares[place] = share
                .parse()
                .ok()
                .filter(|share| *share <= 1_000_000)
                .ok_or_else(|| format!("{share:?} is not a share (0 to 1000000)"))?;
        }
        if shares.iter().sum::<u32>() == 0 {
            return Err("all shares are zero".into());
        }
        Ok(Mix { shares })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn kinds_are_drawn_by_their_share() {
        let mix: Mix = "place=3,cancel=1".parse().unwrap();
        let mut random = SmallRng::seed_from_u64(1);
        let drawn: Vec<Kind> = (0..4000).map(|_| mix.draw(&mut random)).collect();
        let places = drawn.iter().filter(|k| **k == Kind::Place).count();
        assert!((2850..3150).contains(&places), "{places}");
        assert!(!drawn.contains(&Kind::Ioc) && !drawn.contains(&Kind::Amend));
    }

    #[test]
    fn wrong_mixes_say_what_is_wrong() {
        for (text, why) in
            [("place", "KIND=SHARE"), ("plce=1", "plce"), ("place=-1", "-1"), ("place=0", "zero")]
        {
            let error = text.parse::<Mix>().unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
