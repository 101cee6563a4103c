//! The commands that both copies run.

use crate::codec::shape::Shape;
use crate::codec::shape::generator::Generator;
use crate::codec::shape::schema::{MethodShape, Schema};
use crate::resource::commands::Method;

/// How often the arguments of a command are made up until they decode.
const TRIALS: usize = 100;

/// Most commands of a method that are kept to be used again.
const KEPT_MAX: usize = 8;

/// A command.
#[derive(Clone, Debug)]
pub(super) struct TestCommand {
    /// The position of the method.
    pub method: usize,
    /// The encoded key, then the other encoded arguments.
    pub body: Vec<u8>,
    /// The number of leading bytes of `body` that are the key.
    pub key_len: usize,
}

/// Draws commands.
struct Source<'a> {
    methods: &'static [Method],
    schema: &'a Schema,
    generator: Generator,
    random: fastrand::Rng,
    /// Commands of each method to be used again.
    kept: Vec<Vec<TestCommand>>,
}

/// Returns the given commands in their order, one of each method, and then `count` of random methods. Fails with the
/// methods of which no command is given and none can be made up.
pub(super) fn commands(
    methods: &'static [Method],
    schema: &Schema,
    given: &[TestCommand],
    count: usize,
    seed: u64,
) -> Result<Vec<TestCommand>, Vec<usize>> {
    let kept = |at| given.iter().filter(|command| command.method == at).cloned().collect();
    let mut source = Source {
        methods,
        schema,
        generator: Generator::new(seed),
        random: fastrand::Rng::with_seed(seed),
        kept: (0..methods.len()).map(kept).collect(),
    };
    let mut commands = given.to_vec();
    let mut unknown = Vec::new();
    for method in 0..methods.len() {
        match source.command(method) {
            Some(command) => commands.push(command),
            None => unknown.push(method),
        }
    }
    if !unknown.is_empty() {
        return Err(unknown);
    }
    while commands.len() < given.len() + methods.len() + count {
        let method = source.random.usize(..methods.len());
        commands.extend(source.command(method));
    }
    Ok(commands)
}

/// Returns why no command of a method can be made up.
pub(super) fn obstacle(method: &MethodShape) -> String {
    match method.arguments.iter().find(|(_, shape)| matches!(shape, Shape::Opaque(_))) {
        Some((name, Shape::Opaque(written))) => format!("the shape of `{name}: {written}` is unknown"),
        _ => "its types refuse all values that were tried".into(),
    }
}

impl Source<'_> {
    /// Returns a command of a method: a kept one, or a new one. Returns `None` if there is neither.
    fn command(&mut self, method: usize) -> Option<TestCommand> {
        let uses_kept = !self.kept[method].is_empty() && self.random.bool();
        let new = if uses_kept { None } else { self.made_up(method) };
        if let (Some(new), true) = (&new, self.kept[method].len() < KEPT_MAX) {
            self.kept[method].push(new.clone());
        }
        new.or_else(|| self.random.choice(&self.kept[method]).cloned())
    }

    /// Makes up a command that decodes.
    fn made_up(&mut self, method: usize) -> Option<TestCommand> {
        (0..TRIALS).find_map(|trial| {
            self.generator.set_samples(trial % 2 == 1);
            let command = self.trial(method)?;
            let check = self.methods[method].check;
            check(&command.body, command.key_len).is_ok().then_some(command)
        })
    }

    fn trial(&mut self, method: usize) -> Option<TestCommand> {
        let MethodShape { key, arguments, .. } = &self.schema.methods[method];
        let key = key.map(|key| key as usize);
        let mut body = Vec::new();
        let mut put = |at: usize, body: &mut Vec<u8>| {
            self.generator.append(&arguments[at].1, &self.schema.types, body).then_some(())
        };
        if let Some(key) = key {
            put(key, &mut body)?;
        }
        let key_len = body.len();
        (0..arguments.len()).filter(|at| Some(*at) != key).try_for_each(|at| put(at, &mut body))?;
        Some(TestCommand { method, body, key_len })
    }
}
