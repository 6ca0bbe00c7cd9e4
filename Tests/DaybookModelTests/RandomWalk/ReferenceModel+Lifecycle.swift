import DaybookFormat

@testable import DaybookModel

/// Submissions, claims and sessions.
extension ReferenceModel {
    mutating func submit(
        _ id: Name,
        type: Name,
        input: String,
        _ terms: Submit.Terms,
        _ payloadTypes: [String],
        secrets: [Name] = []
    ) -> Outcome<Submit.Answer> {
        guard Names.isValid(id), Names.isValid(type), terms.delay >= .zero,
            terms.labels.all.count <= 16
        else {
            return .refused(.invalidArgument)
        }
        if let known = newest(id) {
            guard known.type == type else { return .refused(.conflict) }
            guard known.archived == 0 else { return .refused(.archived) }
            guard firstRun(of: id)?.erased == 0 else { return .refused(.erased) }
            guard firstRun(of: id)?.input == input else { return .refused(.conflict) }
            return .granted(
                Submit.Answer(number: known.number, existed: true, status: known.status)
            )
        }
        let number = writeSubmission(id, type: type, input: input, terms, payloadTypes)
        store(secrets, of: number)
        return .granted(Submit.Answer(number: number, existed: false, status: .submitted))
    }

    mutating func execute(_ id: Name) -> Outcome<Execute.Answer> {
        guard let known = newest(id) else { return .refused(.notFound) }
        guard known.status != .expired else { return .refused(.wrongState) }
        var answer = Execute.Answer(
            number: known.number,
            status: known.status,
            isParked: known.isParked && !known.isClosed
        )
        if known.status == .submitted {
            ready(known)
            answer = Execute.Answer(number: known.number, status: .ready, isParked: false)
        }
        return .granted(answer)
    }

    /// Asks for it to run, after its delay.
    func delay(of execution: Execution) -> UInt64 {
        execution.continuedFrom == nil ? execution.terms.delay.wholeNanoseconds : 0
    }

    mutating func ready(_ known: Execution) {
        let now = now.rawValue
        let delay = delay(of: known)
        write(known.number) {
            $0.status = .ready
            $0.startAt = now + delay
            $0.isDelayed = delay > 0
            $0.deadline = delay > 0 ? now + delay : 0
        }
    }

    // MARK: Claiming

    mutating func claim(_ number: UInt64, by session: UInt64) -> Outcome<Lease?> {
        guard sessions.contains(session) else { return .refused(.notFound) }
        return .granted(lease(number, to: session))
    }

    mutating func claimFirst(of types: [Name], by session: UInt64) -> Outcome<Lease?> {
        guard sessions.contains(session) else { return .refused(.notFound) }
        let first = executions.values
            .filter { $0.isClaimable && types.contains($0.type) && mayRun($0, in: session) }
            .min { $0.readySince < $1.readySince }
        return .granted(first.flatMap { lease($0.number, to: session) })
    }

    /// Whether the code of a session may run an execution.
    func mayRun(_ execution: Execution, in session: UInt64) -> Bool {
        execution.revision == "" || execution.revision == revisions[session]
    }

    private mutating func lease(_ number: UInt64, to session: UInt64) -> Lease? {
        guard let known = executions[number], known.isClaimable, mayRun(known, in: session) else {
            return nil
        }
        let now = now.rawValue
        let begins = known.beginsAttempt && !known.status.isFinal
        let revision = revisions[session] ?? ""
        let sequence = write(number) {
            $0.holder = session
            $0.epoch += 1
            if $0.terms.isPinned, $0.revision == "" { $0.revision = revision }
            if $0.status.isFinal {
                $0.isForCleaning = true
                return
            }
            $0.status = .running
            if $0.startedAt == 0 { $0.startedAt = now }
            if $0.beginsAttempt {
                $0.beginsAttempt = false
                $0.attempt += 1
                $0.deadline = $0.terms.timeout.map { now + $0.wholeNanoseconds } ?? 0
            }
        }
        let attempt = begins ? known.attempt + 1 : known.attempt
        let lease = Lease(
            execution: number,
            epoch: known.epoch + 1,
            id: known.id,
            type: known.type,
            attempt: attempt,
            isLastAttempt: Int(attempt) - Int(min(attempt, known.attemptsBefore))
                >= Int(known.terms.retry.maxAttempts),
            claim: sequence,
            previousFailure: known.previousFailure,
            cleaning: known.due,
            unsettled: known.unsettled,
            endedAt: Timestamp(rawValue: known.finishedAt)
        )
        noteLease(lease)
        return lease
    }

    // MARK: Sessions

    mutating func openSession(_ revision: Name = "") -> UInt64 {
        let number = write()
        sessions.append(number)
        revisions[number] = revision
        return number
    }

    /// What a session must give back: all that it holds and that does not merely wait.
    private func held(by session: UInt64) -> [Execution] {
        open.filter { $0.holder == session && $0.status != .waiting }
    }

    mutating func close(_ session: UInt64) -> Outcome<Int> {
        guard sessions.contains(session) else { return .refused(.notFound) }
        write()
        sessions.removeAll { $0 == session }
        let held = held(by: session)
        for execution in held { giveBack(execution) }
        return .granted(held.count)
    }

    /// Closes what has ended; makes ready what has not.
    mutating func giveBack(_ execution: Execution, losses: UInt32? = nil) {
        write(execution.number) {
            $0.holder = 0
            if $0.status.isFinal {
                if !$0.owes, $0.children.isEmpty { $0.close() }
            } else if $0.status == .running {
                $0.status = .ready
            }
            if let losses { $0.losses = losses }
        }
    }

    mutating func lose(_ session: UInt64, by asker: UInt64) -> Outcome<LoseSession.Answer> {
        guard session != asker else { return .refused(.invalidArgument) }
        var answer = LoseSession.Answer()
        guard sessions.contains(session) else { return .granted(answer) }
        write()
        sessions.removeAll { $0 == session }
        for execution in held(by: session) {
            if execution.isCleaning, !execution.owes {
                giveBack(execution)
                continue
            }
            let counts = execution.status == .running || execution.isCleaning
            let losses = execution.losses + (counts ? 1 : 0)
            giveBack(execution, losses: losses)
            if losses >= lossLimit {
                write(execution.number) { $0.isParked = true }
                answer.parked.append(execution.number)
            } else {
                answer.readied.append(execution.number)
            }
        }
        return .granted(answer)
    }
}
