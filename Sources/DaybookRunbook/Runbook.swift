#if CLI
package import Daybook
package import DaybookModel

/// A checked runbook: blocks of shell jobs that run as one durable workflow.
///
/// What can be checked without running anything has been checked once a value of this type exists:
/// names, types, and every reference of a template.
package struct Runbook: Sendable, Equatable {
    /// The name of the workflow.
    package let name: String
    /// What it is for, for people.
    package let description: String?
    /// The values that it is submitted with, in the order of their declaration.
    package let inputs: [Input]
    /// Names of the caller's environment variables that are passed in and recorded.
    package let environment: [String]
    /// Names of the secrets that it is submitted with.
    package var secrets: [String] = []
    /// The blocks, in the order in which they run. There is at least one.
    package let blocks: [Block]
    /// What runs when an execution has ended badly, after what it did was undone, in this order.
    package var onFailure: [Job] = []

    /// - Parameters:
    ///   - secrets: names of the secrets that it is submitted with.
    ///   - onFailure: what runs when an execution has ended badly.
    package init(
        name: String,
        description: String?,
        inputs: [Input],
        environment: [String],
        secrets: [String] = [],
        blocks: [Block],
        onFailure: [Job] = []
    ) {
        self.name = name
        self.description = description
        self.inputs = inputs
        self.environment = environment
        self.secrets = secrets
        self.blocks = blocks
        self.onFailure = onFailure
    }

    /// Bytes that the text of a runbook may have: 256 KiB.
    package static var sizeLimit: Int { YAMLDocument.sizeLimit }

    /// The jobs of all blocks, in the order of the text, and then those that run after a failure.
    package var jobs: [Job] { blocks.flatMap(\.jobs) + onFailure }

    /// The line of the text on which the first of the jobs begins that run after a failure, from 1; 0: there
    /// are none.
    package var onFailureLine: Int { onFailure.first?.line ?? 0 }

    /// The block whose approval a signal answers; nil: there is none.
    package func block(answeredBy signal: String) -> Block? {
        blocks.first { $0.approval?.signal.utf8.elementsEqual(signal.utf8) == true }
    }

    /// A value that a runbook is submitted with.
    package struct Input: Sendable, Equatable {
        /// What the text of a value must look like.
        package enum ValueType: String, Sendable, Equatable, CaseIterable {
            /// Any text.
            case string
            /// A decimal number that fits 64 bits.
            case integer
            /// A finite decimal number, perhaps with a fraction and an exponent.
            case number
            /// `true` or `false`.
            case boolean
            /// Texts of one line each: written as a JSON array (`["a", "b"]`) or with commas between
            /// them (`a,b`). A job sees them in its variable, one to a line.
            case list
        }

        /// The name, unique also as that of an environment variable.
        package let name: String
        /// What its value must look like.
        package let type: ValueType
        /// Whether a value must be given. An input that is required has no default.
        package let isRequired: Bool
        /// The text that it has when none is given.
        package let defaultValue: String?
        /// What it is for, for people.
        package let description: String?

        /// The environment variable that holds it: `INPUT_NAME` for `name`.
        package var environmentName: String { EnvironmentName.forInput(name) }
    }

    /// Jobs that belong together, or a wait for somebody's approval.
    package struct Block: Sendable, Equatable {
        /// The name.
        package let name: String
        /// What it is for, for people.
        package let description: String?
        /// The jobs, in the order of the text. There is at least one, unless it waits for approval.
        package let jobs: [Job]
        /// Who must say that it goes on; nil: nobody.
        package var approval: Approval?
        /// What the jobs run for, once for each; nil: they run once.
        package var each: Each?
        /// So many of its jobs, or of the elements that they run for, run side by side; 1: one
        /// after the other.
        package var limit = 1
        /// It runs also when a block before it has failed. Only such blocks follow it.
        package var isAlways = false
        /// When it fails the next block runs all the same.
        package var continuesOnError = false
        /// The first job or element that fails has the others stopped. Otherwise the others run, and
        /// then the block has failed.
        package var failsFast = false
        /// The line of the text that it begins on, from 1.
        package var line = 0

        /// The name of the operation by which it begins.
        package var operationName: String {
            if let approval { return approval.signal }
            let isSplit = each != nil || limit > 1 || collects
            return isSplit ? name : jobs.first?.name ?? name
        }

        /// Whether a failure in it leaves others to run.
        var collects: Bool { !failsFast && (each != nil || jobs.count > 1) }
    }

    /// A wait for somebody's answer, which comes as a signal.
    package struct Approval: Sendable, Equatable {
        /// The signal's name.
        package let signal: String
        /// After so long the run fails; nil: it waits for ever.
        package let timeout: Duration?
        /// The answers that approve.
        package var accept = Acceptance.anythingButNo

        /// The key under which the signal's value can be referred to, as an output of the block.
        package static let key = "value"
    }

    /// The elements that the jobs of a block run for.
    package enum Each: Sendable, Equatable {
        /// These.
        case elements([String])
        /// Those of an input of the type ``Input/ValueType/list``.
        case input(String)
        /// Those in an output of an earlier job: a JSON array of texts, or one to a line.
        case output(job: String, key: String)
    }

    /// A piece of shell text whose outcome is a checkpoint.
    package struct Job: Sendable, Equatable {
        /// The name, unique in the runbook: it names the checkpoint.
        package let name: String
        /// What it is for, for people.
        package let description: String?
        /// The shell text that does the work.
        package let run: String
        /// The shell text that exits with 0 when the work is done already.
        package let verify: String?
        /// The shell text that undoes the work when the run ends badly; nil: it stays.
        package var undo: String?
        /// The values that later jobs can refer to, in the order of the text.
        package let output: [NamedTemplate]
        /// Variables for this job alone, in the order of the text.
        package let environment: [NamedTemplate]
        /// Names of the secrets that it sees, each in the variable of its name.
        package var secrets: [String] = []
        /// Whether and when it is tried again when it fails.
        package var retry: RetryPolicy?
        /// A try that takes longer is ended, and has failed.
        package var timeout: Duration?
        /// Exit statuses that alone are tried again; empty: all are.
        package var retriedStatuses: Set<Int32> = []
        /// Exit statuses that are not tried again.
        package var unretriedStatuses: Set<Int32> = []
        /// Exit statuses that end the run, whatever its block says.
        package var fatalStatuses: Set<Int32> = []
        /// What is done when its process died while it ran: it may have happened.
        package var onDoubt = DoubtPolicy.runAgain
        /// The line of the text that it begins on, from 1.
        package var line = 0
    }

    /// A template and the key or variable that it gives a value to.
    package struct NamedTemplate: Sendable, Equatable {
        /// The key of an output, or the name of a variable.
        package let name: String
        /// What the value is made of.
        package let template: Template
    }
}
#endif
