package io.pantala.proxy.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pantala.proxy.config.Key;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PantalaTest {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    @Test
    void theVersionIsThatOfTheBuild() {
        assertThat(run("--version")).isZero();
        assertThat(out.toString()).matches("pantala \\d+\\.\\d+.*\\R");
    }

    @Test
    void withoutACommandItNamesThem() {
        assertThat(run()).isEqualTo(2);
        assertThat(err.toString())
                .contains("proxy", "seed", "demo", "help")
                .endsWith("pantala: no command given (try: pantala --help)\n");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    sed                        | pantala: unknown command sed; the nearest is seed (try: pantala --help)
                    proxy --lisen=a            | pantala proxy: unknown option --lisen=a; the nearest is --listen (try: pantala proxy --help)
                    proxy --listen             | pantala proxy: Missing required parameter for option '--listen' (HOST:PORT) (try: pantala proxy --help)
                    proxy --listen a:b         | pantala proxy: listen = "a:b" (--listen): must read HOST:PORT, such as 127.0.0.1:6460 or [::1]:6460
                    proxy extra                | pantala proxy: unexpected argument extra (try: pantala proxy --help)
                    proxy --limit-upload 1     | pantala proxy: limit.upload = "1" (--limit-upload): must be at least 128kB a second
                    seed --config /nowhere     | pantala seed: --config /nowhere: no such file
                    demo --hosts 0             | pantala demo: --hosts: from 1 to 10 (try: pantala demo --help)
                    demo --rate fast           | pantala demo: Invalid value for option '--rate': must be a size, such as 200GiB, 50GB or plain bytes (try: pantala demo --help)
                    """)
    void wrongUsageIsOneClearLine(String arguments, String line) {
        assertThat(run(arguments.split(" "))).isEqualTo(2);
        assertThat(err.toString()).isEqualTo(line + "\n");
        assertThat(out.toString()).isEmpty();
    }

    @Test
    void theHelpOfANodeNamesItsKeysAndDefaultsAndNoOthers() {
        assertThat(run("help", "seed")).isZero();
        assertThat(out.toString())
                .contains("--seed-listen", "(seed.listen; default [::]:6462)", "--config")
                .doesNotContain("--peer-listen", "--default-upstream");
        assertThat(out.toString().lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(80));
    }

    @Test
    void everySettingOfARoleIsInItsHelp() {
        run("proxy", "--help");
        for (Key key : Key.values()) {
            if (key.isFor(Key.Use.PROXY)) {
                assertThat(out.toString()).contains(key.flag(), "(" + key.path());
            }
        }
    }

    private int run(String... args) {
        return Pantala.commandLine(Map.of(), new PrintWriter(out), new PrintWriter(err))
                .execute(args);
    }
}
