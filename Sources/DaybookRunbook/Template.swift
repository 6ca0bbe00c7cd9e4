#if CLI
/// Text with references, which are replaced when a job needs the value.
///
/// No shell reads a template: a value that is put into it stays data, whatever is in it.
package struct Template: Sendable, Equatable {
    /// A piece of a template.
    package enum Segment: Sendable, Equatable {
        /// Text that stands for itself.
        case text(String)
        /// `$NAME` or `${NAME}`: a variable of the job's environment.
        case variable(String)
        /// `${{ inputs.NAME }}`.
        case input(String)
        /// `${{ outputs.JOB.KEY }}`: an output of a job that comes earlier.
        case output(job: String, key: String)
        /// `${{ each.item }}`: the element that the job runs for.
        case eachItem
        /// `${{ each.index }}`: its place, from 0.
        case eachIndex

        /// How a template refers to it.
        package var reference: String {
            switch self {
            case .text(let text): text
            case .variable(let name): "$\(name)"
            case .input(let name): "${{ inputs.\(name) }}"
            case .output(let job, let key): "${{ outputs.\(job).\(key) }}"
            case .eachItem: "${{ each.item }}"
            case .eachIndex: "${{ each.index }}"
            }
        }
    }

    /// Bytes that the text with its values may have: as many as a payload of a journal has by default.
    static let limit = 16 << 20

    /// The text as it was written.
    package let source: String
    /// The pieces, in order. Two texts never follow one another.
    package let segments: [Segment]

    /// Replaces every reference by its value.
    /// - Parameter environment: the variables of the job.
    /// - Parameter inputs: what ``Runbook/resolveInputs(_:)`` gave.
    /// - Parameter outputs: those of the earlier jobs, by the name of the job and the key.
    /// - Parameter each: the element that the job runs for.
    /// - Throws: ``TemplateError`` for the first reference without a value, or with which the text is larger
    ///   than ``limit``.
    package func render(
        environment: [String: String],
        inputs: [String: String] = [:],
        outputs: [String: [String: String]] = [:],
        each: EachElement? = nil
    ) throws(TemplateError) -> String {
        var result = ""
        for segment in segments {
            let value: String? =
                switch segment {
                case .text(let text): text
                case .variable(let name): environment[name]
                case .input(let name): inputs[name]
                case .output(let job, let key): outputs[job]?[key]
                case .eachItem: each?.item
                case .eachIndex: each.map { "\($0.index)" }
                }
            guard let value else { throw TemplateError(source: source, missing: segment) }
            guard result.utf8.count + value.utf8.count <= Self.limit else {
                throw TemplateError(source: source, missing: segment, reason: .tooLarge)
            }
            result += value
        }
        return result
    }
}

/// One of the elements that the jobs of a block run for.
package struct EachElement: Sendable, Equatable {
    /// The element.
    package let item: String
    /// Its place, from 0.
    package let index: Int

    /// Any text is an element, one of several lines too; `index` counts from 0.
    package init(item: String, index: Int) {
        self.item = item
        self.index = index
    }
}

/// A reference in a template has no value, or one with which the text is too large.
package struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The template as it was written.
    package let source: String
    /// The reference.
    package let missing: Template.Segment
    /// Why it has none.
    package var reason = Reason.unset

    /// Why there is no text.
    package enum Reason: Sendable {
        /// There is no value.
        case unset
        /// It is left out of the job's variables, because these are too large for a program's environment.
        case omitted
        /// It has a value, and with it the text is larger than ``Template/limit``.
        case tooLarge
    }

    /// Which reference has no value, and where it is.
    package var description: String {
        switch self.reason {
        case .tooLarge:
            return
                "with \(missing.reference) the text is larger than \(Template.limit) bytes; hand the value over in a file; it is used in \(quoted(source))"
        case .omitted:
            return
                "\(missing.reference) is left out of the job's environment, which would be too large with it; use ${{ inputs.NAME }} or ${{ outputs.JOB.KEY }}; it is used in \(quoted(source))"
        case .unset: break
        }
        let reason =
            switch missing {
            case .variable: "is not set in the environment of the job"
            case .input: "has no value, because the input was not given and has no default"
            case .output, .text, .eachItem, .eachIndex:
                "has no value, because the job did not record it"
            }
        return "\(missing.reference) \(reason); it is used in \(quoted(source))"
    }
}
#endif
