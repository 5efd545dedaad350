// Command bench draws the figures of a run of the measurements, from their JSON to
// an SVG: how long a plan takes, and how much memory the provider needs for it.
package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"log"
	"os"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// report is what is drawn of the measurements.
type report struct {
	Machine struct {
		Date, CPU, Go, Terraform string
		CPUs                     int
	}
	Results []struct {
		Operation, Variant string
		N                  int
		LatencyMS          int `json:"latency_ms"`
		Samples            []sample
	}
}

type sample struct {
	Wall float64 `json:"wall_seconds"`
	Peak float64 `json:"provider_peak_mib"`
}

// curves are what is drawn, in this order.
var curves = []struct {
	variant string
	latency int
	name    string
	color   color.Color
	dashes  []vg.Length
}{
	{"elbaas", 0, "this provider", color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}, nil},
	{"elbaas", 50, "this provider, 50 ms away", color.RGBA{R: 0x1f, G: 0x77, B: 0xb4, A: 0xff}, []vg.Length{vg.Points(4), vg.Points(3)}},
	{"floor", 0, "the same without a network", color.RGBA{R: 0x7f, G: 0x7f, B: 0x7f, A: 0xff}, nil},
	{"null", 0, "null provider, same texts", color.RGBA{R: 0xd6, G: 0x27, B: 0x28, A: 0xff}, nil},
}

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: bench FIGURES.json PICTURE.svg")
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("%s: %w", from, err)
	}
	wall, err := r.plot("A plan in which nothing changes", "seconds", func(s sample) float64 { return s.Wall })
	if err != nil {
		return err
	}
	peak, err := r.plot("Peak memory of the provider", "MiB", func(s sample) float64 { return s.Peak })
	if err != nil {
		return err
	}
	canvas := vgsvg.New(9*vg.Inch, 4*vg.Inch)
	page := draw.New(canvas)
	white := draw.Canvas(page)
	white.SetColor(color.White)
	white.Fill(white.Rectangle.Path())
	where := fmt.Sprintf("%s: %s with %d CPUs, Terraform %s, %s. Medians.", r.Machine.Date, r.Machine.CPU, r.Machine.CPUs, r.Machine.Terraform, r.Machine.Go)
	style := wall.X.Tick.Label
	style.XAlign = draw.XCenter
	page.FillText(style, vg.Point{X: page.Center().X, Y: vg.Points(16)}, where)
	for i, tile := range plot.Align([][]*plot.Plot{{wall, peak}}, draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Points(20), PadTop: vg.Points(8), PadBottom: vg.Points(26), PadLeft: vg.Points(8), PadRight: vg.Points(12)}, page)[0] {
		[]*plot.Plot{wall, peak}[i].Draw(tile)
	}
	file, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := canvas.WriteTo(file); err != nil {
		return err
	}
	return file.Close()
}

// plot draws one figure of all curves over the number of certificates.
func (r report) plot(title, unit string, figure func(sample) float64) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "certificates", unit
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = marks{}, marks{}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())
	for _, curve := range curves {
		var points plotter.XYs
		for _, result := range r.Results {
			if result.Operation != "plan" || result.Variant != curve.variant || result.LatencyMS != curve.latency {
				continue
			}
			var values []float64
			for _, s := range result.Samples {
				values = append(values, figure(s))
			}
			slices.Sort(values)
			points = append(points, plotter.XY{X: float64(result.N), Y: (values[(len(values)-1)/2] + values[len(values)/2]) / 2})
		}
		if len(points) == 0 {
			continue
		}
		line, dots, err := plotter.NewLinePoints(points)
		if err != nil {
			return nil, err
		}
		line.Color, line.Width, line.Dashes = curve.color, vg.Points(1.5), curve.dashes
		dots.Color, dots.Shape, dots.Radius = curve.color, draw.CircleGlyph{}, vg.Points(2)
		p.Add(line, dots)
		p.Legend.Add(curve.name, line)
	}
	p.Y.Max *= 4 // room for the legend
	return p, nil
}

// marks are the numbers 1, 2, 3 and 5 and their multiples by powers of ten.
type marks struct{}

// Ticks implements plot.Ticker.
func (marks) Ticks(least, most float64) []plot.Tick {
	var ticks []plot.Tick
	for power := 0.01; power <= most; power *= 10 {
		for _, digit := range []float64{1, 2, 3, 5} {
			if value := digit * power; value >= least && value <= most {
				ticks = append(ticks, plot.Tick{Value: value, Label: fmt.Sprintf("%g", value)})
			}
		}
	}
	return ticks
}
