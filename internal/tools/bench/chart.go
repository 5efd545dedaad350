package main

import (
	"image/color"
	"os"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// draw draws how long a plan takes, and how much memory the provider needs for it.
func (r *report) draw(file string) {
	canvas := vgsvg.New(9*vg.Inch, 4*vg.Inch)
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	page.FillText(plot.New().X.Tick.Label, vg.Point{X: page.Center().X, Y: vg.Points(16)}, r.Machine+". Medians.")
	tiles := draw.Tiles{
		Rows: 1, Cols: 2, PadX: vg.Points(20), PadTop: vg.Points(8), PadBottom: vg.Points(26), PadRight: 12,
	}
	r.plot("A plan in which nothing changes", "seconds", wall).Draw(tiles.At(page, 0, 0))
	r.plot("Peak memory of the provider", "MiB", peak).Draw(tiles.At(page, 1, 0))

	picture := must(os.Create(file))
	must(canvas.WriteTo(picture))
	check(picture.Close())
}

// plot draws a figure of all variants over the number of certificates.
func (r *report) plot(title, unit, figure string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, "certificates", unit
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.LogTicks{Prec: -1}, plot.LogTicks{Prec: -1}
	p.Legend.Top, p.Legend.Left = true, true
	p.Add(plotter.NewGrid())

	var lines []any
	for _, plan := range plans {
		var points plotter.XYs
		for _, result := range r.Results {
			y := result.Figures[figure][0]
			if result.contender == (contender{"plan", plan.variant, result.N, plan.latencyMS}) && y > 0 {
				points = append(points, plotter.XY{X: float64(result.N), Y: y}) // memory is known on Linux alone
			}
		}
		if points != nil {
			lines = append(lines, plan.name, points)
		}
	}
	check(plotutil.AddLines(p, lines...))
	p.Y.Max *= 4 // room for the legend
	return p
}
