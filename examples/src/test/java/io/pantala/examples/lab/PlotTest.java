package io.pantala.examples.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.pantala.examples.lab.Plot.Axis;
import io.pantala.examples.lab.Plot.Line;
import io.pantala.examples.lab.Plot.Look;
import io.pantala.examples.lab.Plot.Point;
import io.pantala.examples.rig.Spread;
import java.io.StringReader;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.xml.sax.InputSource;

class PlotTest {
    private static final Line MEASURED = new Line(
            "Pantala <1>",
            Look.PANTALA,
            List.of(new Point(10, new Spread(5, 4, 6)), new Point(20, new Spread(10, 10, 10))));
    private static final Line CALCULATED = new Line("the bound", Look.BOUND, List.of(Point.of(10, 2), Point.of(20, 2)));

    @Test
    void drawsLinesToScale() throws Exception {
        Document svg = parse(new Plot("Time & more", "seconds", List.of(MEASURED, CALCULATED)).svg());

        // From 0 at the left and the bottom to 20 hosts at the right and 10 seconds at the top.
        assertThat(points(svg, 0)).containsExactly("297.0,208.0", "530.0,48.0");
        assertThat(points(svg, 1)).containsExactly("297.0,304.0", "530.0,304.0");
        Element spread = (Element) svg.getElementsByTagName("circle").item(0).getPreviousSibling();
        assertThat(spread.getAttribute("y1")).isEqualTo("240.0");
        assertThat(spread.getAttribute("y2")).isEqualTo("176.0");
        assertThat(svg.getDocumentElement().getTextContent()).contains("Time & more", "seconds", "Pantala <1>");
    }

    @Test
    void onlyWhatWasMeasuredHasDots() throws Exception {
        Document svg = parse(new Plot("Time", "seconds", List.of(MEASURED, CALCULATED)).svg());

        assertThat(svg.getElementsByTagName("circle").getLength()).isEqualTo(2);
    }

    @Test
    void leavesOutLinesWithoutPoints() throws Exception {
        Document svg =
                parse(new Plot("Time", "seconds", List.of(new Line("native", Look.NATIVE, List.of()), MEASURED)).svg());

        assertThat(svg.getElementsByTagName("polyline").getLength()).isEqualTo(1);
        assertThat(svg.getDocumentElement().getTextContent()).doesNotContain("native");
    }

    @Test
    void namesStandBelowOneAnother() throws Exception {
        Line same = new Line("the same", Look.NATIVE, MEASURED.points());
        Document svg = parse(new Plot("Time", "seconds", List.of(MEASURED, same)).svg());

        int last = svg.getElementsByTagName("text").getLength() - 1;
        assertThat(height(svg, last) - height(svg, last - 1)).isEqualTo(16);
    }

    @ParameterizedTest
    @CsvSource({"10,10,2", "40,40,10", "41,50,10", "1,1,0.2", "0.9,1,0.2", "1003,1200,200", "0,0.001,0.0002"})
    void ticksAreRoundNumbers(double most, double end, double step) {
        Axis axis = Axis.upTo(most);

        assertThat(axis.end()).isCloseTo(end, within(1e-9));
        assertThat(axis.step()).isCloseTo(step, within(1e-9));
    }

    @Test
    void drawsNothingOfNothing() {
        assertThatIllegalArgumentException().isThrownBy(() -> new Plot("Time", "seconds", List.of()));
    }

    private static Document parse(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }

    private static String[] points(Document svg, int line) {
        return ((Element) svg.getElementsByTagName("polyline").item(line))
                .getAttribute("points")
                .split(" ", -1);
    }

    private static double height(Document svg, int text) {
        return Double.parseDouble(((Element) svg.getElementsByTagName("text").item(text)).getAttribute("y"));
    }
}
