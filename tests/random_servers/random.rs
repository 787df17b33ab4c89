//! Numbers that are the same in every run of a case.

/// SplitMix64.
pub struct Random(u64);

impl Random {
    pub fn of_case(case: u64) -> Random {
        Random(case.wrapping_mul(0xa076_1d64_78bd_642f))
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    pub fn happens(&mut self, percent: u64) -> bool {
        self.next() % 100 < percent
    }
}
