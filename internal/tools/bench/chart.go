package main

import (
	"image/color"
	"os"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// curves are what is drawn, in this order.
var curves = []struct {
	contender
	name  string
	color color.RGBA
}{
	{contender{"plan", ours, 0, 0}, "this provider", color.RGBA{0x1f, 0x77, 0xb4, 0xff}},
	{contender{"plan", ours, 0, 50}, "this provider, 50 ms away", color.RGBA{0x17, 0xbe, 0xcf, 0xff}},
	{contender{"plan", floor, 0, 0}, "the same without a network", color.RGBA{0x7f, 0x7f, 0x7f, 0xff}},
	{contender{"plan", null, 0, 0}, "null provider, same texts", color.RGBA{0xd6, 0x27, 0x28, 0xff}},
	{contender{"plan", generic, 0, 0}, "generic REST provider", color.RGBA{0xff, 0x7f, 0x0e, 0xff}},
}

// draw draws how long a plan takes, and how much memory the provider needs for it.
func (r *report) draw(file string) {
	plots := [][]*plot.Plot{{
		r.plot("A plan in which nothing changes", "seconds", wall),
		r.plot("Peak memory of the provider", "MiB", peak),
	}}
	canvas := vgsvg.New(9*vg.Inch, 4*vg.Inch)
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	page.FillText(plots[0][0].X.Tick.Label, vg.Point{X: page.Center().X, Y: vg.Points(16)}, r.Machine+". Medians.")

	tiles := draw.Tiles{Rows: 1, Cols: 2, PadX: vg.Points(20), PadTop: vg.Points(8), PadBottom: vg.Points(26), PadRight: vg.Points(12)}
	for i, tile := range plot.Align(plots, tiles, page)[0] {
		plots[0][i].Draw(tile)
	}
	picture := must(os.Create(file))
	must(canvas.WriteTo(picture))
	check(picture.Close())
}

// plot draws a figure of all curves over the number of certificates.
func (r *report) plot(title, unit, figure string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "certificates", unit
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.TickerFunc(ticks), plot.TickerFunc(ticks)
	p.X.Tick.Label.XAlign = draw.XCenter
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())

	for _, curve := range curves {
		var points plotter.XYs
		for _, result := range r.Results {
			curve.N = result.N
			y := result.Figures[figure][0]
			if result.contender == curve.contender && y > 0 { // memory is known on Linux alone
				points = append(points, plotter.XY{X: float64(result.N), Y: y})
			}
		}
		if line, err := plotter.NewLine(points); err == nil { // else there are no points
			line.Color, line.Width = curve.color, vg.Points(1.5)
			p.Add(line)
			p.Legend.Add(curve.name, line)
		}
	}
	p.Y.Max *= 4 // room for the legend
	return p
}

// ticks are the numbers 1 and 3 and their multiples by powers of ten.
func ticks(least, most float64) (all []plot.Tick) {
	for power := 0.01; power <= most; power *= 10 {
		for _, value := range []float64{power, 3 * power} {
			if value >= least && value <= most {
				all = append(all, plot.Tick{Value: value, Label: strconv.FormatFloat(value, 'g', 3, 64)})
			}
		}
	}
	return all
}
