//! The usage that divides one pot: how much each payer used each creator.

/// Usage by payer and creator. Creators are numbered from 0 in the order of their ids' bytes; payers in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Where each payer's entries begin, and where the last one's end.
    starts: Vec<usize>,
    creators: Vec<u32>,
    /// What the entry weighs, at least 0.
    weights: Vec<u64>,
    /// What the entry counts against a cap; empty: what it weighs.
    counted: Vec<u64>,
    /// What each creator was used by payers without an id.
    unnamed: Vec<u64>,
}

/// One creator used by one payer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub creator: u32,
    pub weight: u64,
    pub counted: u64,
}

impl Usage {
    /// Nobody has used anything of so many creators.
    #[must_use]
    pub fn of_creators(creators: usize) -> Self {
        Self { starts: vec![0], unnamed: vec![0; creators], ..Self::default() }
    }

    /// Adds a payer; each creator stands once in it.
    pub fn push(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.creators.push(entry.creator);
            self.weights.push(entry.weight);
            self.counted.push(entry.counted);
        }
        self.starts.push(self.creators.len());
    }

    /// Adds usage by payers without an id.
    pub fn push_unnamed(&mut self, creator: u32, weight: u64) {
        if let Some(sum) = self.unnamed.get_mut(creator as usize) {
            *sum += weight;
        }
    }

    /// How many creators there are.
    #[must_use]
    pub fn creators(&self) -> usize {
        self.unnamed.len()
    }

    /// How many payers have an id.
    #[must_use]
    pub fn payers(&self) -> usize {
        self.starts.len() - 1
    }

    /// What a payer used.
    pub fn entries(&self, payer: usize) -> impl Iterator<Item = Entry> + '_ {
        (self.starts[payer]..self.starts[payer + 1]).map(|at| Entry {
            creator: self.creators[at],
            weight: self.weights[at],
            counted: self.counted[at],
        })
    }

    /// The sum of what a payer's entries weigh.
    #[must_use]
    pub fn weight(&self, payer: usize) -> u128 {
        self.weights[self.starts[payer]..self.starts[payer + 1]].iter().map(|w| u128::from(*w)).sum()
    }

    /// The sum of what a payer's entries count against a cap.
    #[must_use]
    pub fn counted(&self, payer: usize) -> u128 {
        self.counted[self.starts[payer]..self.starts[payer + 1]].iter().map(|c| u128::from(*c)).sum()
    }

    /// Usage by payers without an id, by creator.
    #[must_use]
    pub fn unnamed(&self) -> &[u64] {
        &self.unnamed
    }
}
