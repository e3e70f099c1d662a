//! The fair price of one instrument: wanders by small steps and is drawn back to where it
//! began, inside the day's limits. Floats are fine here: nothing of the venue depends on
//! them.

use rand::Rng;

/// Size of a step relative to the price.
const STEP: f64 = 0.0004;
/// Share of the distance to the centre that a step goes back.
const PULL: f64 = 0.002;
/// Furthest from the centre, relative to it.
const REACH: f64 = 0.05;

/// A price that wanders.
#[derive(Clone, Debug)]
pub struct Walk {
    centre: f64,
    low: f64,
    high: f64,
    price: f64,
}

impl Walk {
    /// A walk around `centre` that begins at `price` and stays well inside the limits (zero:
    /// none).
    pub fn new(centre: i64, price: i64, limit_down: i64, limit_up: i64) -> Walk {
        let centre = centre as f64;
        let (mut low, mut high) = (centre * (1.0 - REACH), centre * (1.0 + REACH));
        if limit_down > 0 {
            low = low.max(centre - (centre - limit_down as f64) * 0.6);
        }
        if limit_up > 0 {
            high = high.min(centre + (limit_up as f64 - centre) * 0.6);
        }
        Walk { centre, low, high, price: (price as f64).clamp(low, high) }
    }

    /// Takes one step; the new price.
    pub fn step(&mut self, random: &mut impl Rng) -> f64 {
        // The sum of three uniform numbers is bell-shaped enough.
        let bell: f64 = (0..3).map(|_| random.random_range(-1.0..1.0)).sum();
        let pull = (self.centre - self.price) * PULL;
        self.price = (self.price * (1.0 + bell * STEP) + pull).clamp(self.low, self.high);
        self.price
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::SmallRng;

    #[test]
    fn it_moves_and_stays_inside_the_limits_for_days() {
        let mut random = SmallRng::seed_from_u64(3);
        let mut walk = Walk::new(28_500, 33_500, 23_500, 33_500);
        let (mut low, mut high) = (f64::MAX, f64::MIN);
        for _ in 0..2_000_000 {
            let price = walk.step(&mut random);
            low = low.min(price);
            high = high.max(price);
        }
        assert!(low > 23_500.0 && high < 33_500.0, "{low} {high}");
        assert!(high - low > 285.0, "it hardly moved: {low} {high}");
    }
}
