//! Types that contain themselves, through each kind of container.

use super::cases;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! derived {
    ($($item:item)*) => {$( #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)] $item )*};
}

derived! {
    struct Chain(Option<Box<Chain>>);
    struct Tree { value: u8, children: Vec<Tree> }
    struct Graph { edges: BTreeMap<String, Graph>, label: String }
    enum FirstRecursive { Sum(Box<FirstRecursive>, Box<FirstRecursive>), Number(i64) }
    enum Json { Array(Vec<Json>), Object(BTreeMap<String, Json>), Text(String), Null }
    struct Left { right: Option<Box<Right>> }
    struct Right { left: Vec<Left>, end: u8 }
    enum Even { Zero, Next(Box<Odd>) }
    enum Odd { Next(Box<Even>) }
    struct One { two: Option<Box<Two>>, a: u8 }
    struct Two { three: Option<Box<Three>>, b: u16 }
    struct Three { one: Option<Box<One>>, c: u32 }
    struct Endless(Box<Endless>);
    enum AllEndless { One(Box<AllEndless>), Two { inner: Box<AllEndless> } }
    struct Grows<T> { value: T, tuple: Option<Box<Grows<()>>> }
    enum List<T> { End, Cell(T, Box<List<T>>) }
    enum InResult { Leaf(u8), Inner(Box<Result<InResult, String>>) }
    struct InTuple { pair: Option<Box<(InTuple, InTuple)>>, end: bool }
    struct InArray { four: Vec<[InArray; 2]>, end: i8 }
    enum Statement { Block(Vec<Statement>), If { test: Expression, then: Box<Statement> }, Do(Expression) }
    enum Expression { Call(String, Vec<Expression>), Lambda(Box<Statement>), Number(f64) }
    enum LateBase { A(Box<LateBase>), B(Box<LateBase>), C { a: Box<LateBase>, b: u8 }, D(Vec<LateBase>), E(u8) }
}

fn deep(levels: usize) -> Tree {
    let leaf = Tree { value: 1, children: Vec::new() };
    (1..levels).fold(leaf, |below, _| Tree { value: 2, children: vec![below] })
}

cases! { recursive:
    Chain => "Chain; struct Chain(Option<Chain>)", [Chain(None), Chain(Some(Box::new(Chain(None))))];
    Tree => "Tree; struct Tree { value: u8, children: Vec<Tree> }", [deep(1), deep(128)],
        refused [deep(129) => "it is nested deeper than 128"];
    Graph => "Graph; struct Graph { edges: Map<String, Graph>, label: String }",
        [Graph { edges: BTreeMap::from([("a".into(), Graph { edges: BTreeMap::new(), label: "b".into() })]), label: "c".into() }];
    FirstRecursive => "FirstRecursive; enum FirstRecursive { Sum(FirstRecursive, FirstRecursive), Number(i64) }",
        [FirstRecursive::Sum(Box::new(FirstRecursive::Number(1)), Box::new(FirstRecursive::Number(-1)))];
    Json => "Json; enum Json { Array(Vec<Json>), Object(Map<String, Json>), Text(String), Null }",
        [Json::Null, Json::Array(vec![Json::Object(BTreeMap::from([("a".into(), Json::Text("b".into()))]))])];
    Left => "Left; struct Left { right: Option<Right> }; struct Right { left: Vec<Left>, end: u8 }",
        [Left { right: None }, Left { right: Some(Box::new(Right { left: vec![Left { right: None }], end: 7 })) }];
    Right => "Right; struct Right { left: Vec<Left>, end: u8 }; struct Left { right: Option<Right> }",
        [Right { left: vec![], end: 7 }];
    Even => "Even; enum Even { Zero, Next(Odd) }; enum Odd { Next(Even) }",
        [Even::Zero, Even::Next(Box::new(Odd::Next(Box::new(Even::Zero))))];
    Odd => "Odd; enum Odd { Next(Even) }; enum Even { Zero, Next(Odd) }", [Odd::Next(Box::new(Even::Zero))];
    One => "One; struct One { two: Option<Two>, a: u8 }; struct Two { three: Option<Three>, b: u16 }; \
        struct Three { one: Option<One>, c: u32 }",
        [One { two: Some(Box::new(Two { three: Some(Box::new(Three { one: None, c: 3 })), b: 2 })), a: 1 }];
    // Values of these do not exist; that they contain themselves is all there is to know.
    Endless => "Endless; struct Endless(Endless)", [];
    AllEndless => "AllEndless; enum AllEndless { One(AllEndless), Two { inner: AllEndless } }", [];
    Grows<u8> => "Grows; struct Grows { value: u8, tuple: Option<Grows#2> }; \
        struct Grows#2 { value: (), tuple: Option<Grows#2> }",
        [Grows { value: 7, tuple: Some(Box::new(Grows { value: (), tuple: None })) }];
    List<String> => "List; enum List { End, Cell(String, List) }",
        [List::End, List::Cell("a".into(), Box::new(List::Cell("b".into(), Box::new(List::End))))];
    (List<u8>, List<List<u8>>) => "(List, List#2); enum List { End, Cell(u8, List) }; enum List#2 { End, Cell(List, List#2) }",
        [(List::End, List::Cell(List::Cell(7, Box::new(List::End)), Box::new(List::End)))];
    InResult => "InResult; enum InResult { Leaf(u8), Inner(Result) }; enum Result { Ok(InResult), Err(String) }",
        [InResult::Leaf(7), InResult::Inner(Box::new(Ok(InResult::Inner(Box::new(Err("a".into()))))))];
    InTuple => "InTuple; struct InTuple { pair: Option<(InTuple, InTuple)>, end: bool }",
        [InTuple { pair: Some(Box::new((InTuple { pair: None, end: true }, InTuple { pair: None, end: false }))), end: true }];
    InArray => "InArray; struct InArray { four: Vec<(InArray, InArray)>, end: i8 }",
        [InArray { four: vec![[InArray { four: vec![], end: 1 }, InArray { four: vec![], end: 2 }]], end: 3 }];
    Statement => "Statement; enum Statement { Block(Vec<Statement>), If { test: Expression, then: Statement }, Do(Expression) }; \
        enum Expression { Call(String, Vec<Expression>), Lambda(Statement), Number(f64) }",
        [Statement::Block(vec![Statement::If { test: Expression::Number(0.5),
            then: Box::new(Statement::Do(Expression::Call("f".into(), vec![Expression::Number(1.0)]))) }])];
    Expression => "Expression; enum Expression { Call(String, Vec<Expression>), Lambda(Statement), Number(f64) }; \
        enum Statement { Block(Vec<Statement>), If { test: Expression, then: Statement }, Do(Expression) }",
        [Expression::Lambda(Box::new(Statement::Block(vec![])))];
    LateBase => "LateBase; enum LateBase { A(LateBase), B(LateBase), C { a: LateBase, b: u8 }, D(Vec<LateBase>), E(u8) }",
        [LateBase::A(Box::new(LateBase::C { a: Box::new(LateBase::D(vec![LateBase::E(7)])), b: 8 }))];
}
