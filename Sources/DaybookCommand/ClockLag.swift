#if CLI
import Daybook
import DaybookInspector
import DaybookJournal

/// How far the machine's clock is behind the journal, where that is worth saying.
struct ClockLag {
    /// Nil: it is not, or by little.
    private let lag: Duration?

    init(_ daybook: Engine) { self.init(daybook.clockLag) }

    init(_ inspector: Inspector) throws {
        self.init(try inspector.lag(of: SystemClock().now()))
    }

    private init(_ lag: Duration) {
        self.lag = lag > EngineOptions().clockTolerance ? lag : nil
    }

    /// Says so on standard error.
    func warn(_ common: CommonOptions) {
        guard let lag else { return }
        common.errors.line(
            "daybook: warning: the machine's clock is behind the journal by \(lag.brief): some clock was ahead, or this one is wrong; the journal's time runs on from its last entry"
        )
    }

    func write(to json: inout JSONWriter) {
        json.member("clockBehind", lag?.components.seconds)
    }
}
#endif
