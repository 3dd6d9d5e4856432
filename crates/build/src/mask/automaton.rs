//! Finds many patterns at once in a stream (Aho and Corasick), and knows at each byte how much of
//! what came last could be the beginning of one.

use std::collections::VecDeque;

#[derive(Clone, Default)]
struct Node {
    /// By byte, sorted.
    next: Vec<(u8, u32)>,
    /// Where the longest end of this that begins another pattern stands.
    fail: u32,
    depth: u32,
    /// The longest pattern that ends here; 0 for none.
    longest: u32,
}

/// Patterns.
pub(super) struct Automaton {
    nodes: Vec<Node>,
}

impl Default for Automaton {
    fn default() -> Self {
        Self { nodes: vec![Node::default()] }
    }
}

impl Automaton {
    pub(super) fn is_empty(&self) -> bool {
        self.nodes.len() == 1
    }

    /// Adds a pattern; `link` follows the last.
    pub(super) fn add(&mut self, pattern: &[u8]) {
        let mut at = 0_u32;
        for byte in pattern {
            at = match self.child(at, *byte) {
                Some(child) => child,
                None => {
                    let child = self.nodes.len() as u32;
                    let depth = self.nodes[at as usize].depth + 1;
                    self.nodes.push(Node { depth, ..Node::default() });
                    let next = &mut self.nodes[at as usize].next;
                    let place = next.partition_point(|(other, _)| other < byte);
                    next.insert(place, (*byte, child));
                    child
                }
            };
        }
        self.nodes[at as usize].longest = pattern.len() as u32;
    }

    /// Finds where each node goes on when its pattern ends.
    pub(super) fn link(&mut self) {
        let mut queue: VecDeque<u32> = self.nodes[0].next.iter().map(|(_, child)| *child).collect();
        while let Some(at) = queue.pop_front() {
            let (next, fail) = (self.nodes[at as usize].next.clone(), self.nodes[at as usize].fail);
            for (byte, child) in next {
                let fail = self.walk(fail, byte);
                let longest = self.nodes[fail as usize].longest;
                let node = &mut self.nodes[child as usize];
                node.fail = fail;
                node.longest = node.longest.max(longest);
                queue.push_back(child);
            }
        }
    }

    fn child(&self, at: u32, byte: u8) -> Option<u32> {
        let next = &self.nodes[at as usize].next;
        next.binary_search_by_key(&byte, |(byte, _)| *byte).ok().map(|place| next[place].1)
    }

    fn walk(&self, mut at: u32, byte: u8) -> u32 {
        loop {
            if let Some(child) = self.child(at, byte) {
                return child;
            }
            if at == 0 {
                return 0;
            }
            at = self.nodes[at as usize].fail;
        }
    }
}

/// A place in a stream.
#[derive(Clone, Default)]
pub(super) struct Tracker {
    state: u32,
    /// Where the bytes stand that could begin a pattern.
    starts: VecDeque<u64>,
    /// What stands before this is not held.
    free: u64,
}

impl Tracker {
    /// Takes the next byte; gives where the longest pattern begins that it ends.
    pub(super) fn step(&mut self, automaton: &Automaton, byte: u8, start: u64) -> Option<u64> {
        self.state = automaton.walk(self.state, byte);
        let node = &automaton.nodes[self.state as usize];
        self.starts.push_back(start);
        while self.starts.len() > node.depth as usize {
            self.starts.pop_front();
        }
        let longest = node.longest as usize;
        (longest > 0).then(|| self.starts[self.starts.len() - longest])
    }

    /// Goes over the end of a line; less than `least` bytes are not worth holding it back.
    pub(super) fn line_end(&mut self, least: usize, end: u64) {
        if self.starts.len() < least {
            self.free = end;
        }
    }

    /// From where on the stream is held back.
    pub(super) fn held(&self) -> Option<u64> {
        self.starts.front().map(|start| (*start).max(self.free))
    }
}
